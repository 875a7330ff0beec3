import { App } from "cdktf";
import { ModelCluster, type ModelClusterProps } from "./model-cluster";

/** Name and properties of the one stack, as the test gives them. */
const { name, ...props } = JSON.parse(process.env.E2E_MODEL ?? "") as ModelClusterProps & { name: string };

const app = new App();
new ModelCluster(app, name, props);
app.synth();
