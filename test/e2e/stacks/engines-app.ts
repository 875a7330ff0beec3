import { App } from "cdktf";
import { EngineCluster, type EngineClusterProps } from "./engine-cluster";

/** Name and properties of the one stack, as the test gives them. */
const { name, ...props } = JSON.parse(process.env.E2E_ENGINE ?? "") as EngineClusterProps & { name: string };

const app = new App();
new EngineCluster(app, name, props);
app.synth();
