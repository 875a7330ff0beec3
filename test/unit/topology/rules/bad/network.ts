import { ContainerImage } from "../../../../../lib/topology/declaration/container-image";
import { type BadInput } from "./bad-input";

export const BAD_NETWORK: readonly BadInput[] = [
  {
    place: { subnetCidr: "10.89.28.0" },
    rule: "RC020",
    path: "backend.subnetCidr",
    got: "'10.89.28.0'",
  },
  {
    place: { subnetCidr: "10.89.28.7/24" },
    rule: "RC020",
    path: "backend.subnetCidr",
    got: "'10.89.28.7/24'",
  },
  {
    place: { subnetCidr: "10.89.28.0/31" },
    rule: "RC020",
    path: "backend.subnetCidr",
    got: "'10.89.28.0/31'",
  },
  {
    place: { subnetCidr: "fd00::/64" },
    rule: "RC020",
    path: "backend.subnetCidr",
    got: "'fd00::/64'",
  },
  {
    place: { subnetCidr: "8.8.8.0/24", addresses: { npu: ["8.8.8.10", "8.8.8.11"] } },
    rule: "RC024",
    path: "backend.subnetCidr",
    got: "'8.8.8.0/24' (public)",
  },
  {
    place: { subnetCidr: "172.16.0.0/11", addresses: { npu: ["172.16.0.10", "172.16.0.11"] } },
    rule: "RC020",
    path: "backend.subnetCidr",
    got: "'172.16.0.0/11'",
  },
  {
    place: { subnetCidr: "192.168.0.0/15", addresses: { npu: ["192.168.0.10", "192.168.0.11"] } },
    rule: "RC024",
    path: "backend.subnetCidr",
    got: "'192.168.0.0/15' (public)",
  },
  {
    place: { addresses: { npu: ["10.89.28.10"] } },
    rule: "RC021",
    path: "backend.addresses.npu",
    got: "1",
  },
  {
    place: { addresses: { npu: ["10.89.28.10", "10.89.28.11", "10.89.28.12"] } },
    rule: "RC021",
    path: "backend.addresses.npu",
    got: "3",
  },
  {
    place: { addresses: { npu: ["10.89.28.10", "10.89.29.11"] } },
    rule: "RC022",
    path: "backend.addresses.npu[1]",
    got: "'10.89.29.11'",
  },
  {
    place: { addresses: { npu: ["10.89.28.10", "npu-1.example"] } },
    rule: "RC022",
    path: "backend.addresses.npu[1]",
    got: "'npu-1.example'",
  },
  {
    place: { addresses: { npu: ["10.89.28.255", "10.89.28.11"] } },
    rule: "RC022",
    path: "backend.addresses.npu[0]",
    got: "'10.89.28.255'",
  },
  {
    place: { addresses: { npu: ["10.89.28.10", "10.89.28.10"] } },
    rule: "RC023",
    path: "backend.addresses.npu[1]",
    got: "'10.89.28.10'",
  },
  {
    place: { addresses: { npu: ["10.89.28.10", "10.89.28.11"], npus: ["10.89.28.12"] } },
    rule: "RC025",
    path: "backend.addresses.npus",
    got: "'npus'",
  },
  {
    place: { addresses: {} },
    rule: "RC026",
    path: "backend.addresses.npu",
    got: "no addresses",
  },
  {
    place: { addresses: {}, headAddress: "10.89.29.10" },
    rule: "RC022",
    path: "backend.headAddress",
    got: "'10.89.29.10'",
  },
  {
    machines: true,
    place: { networkMode: "bridge" },
    rule: "RC027",
    path: "backend.networkMode",
    got: "'bridge'",
  },
  {
    props: { image: ContainerImage.of("a:1", { rayVersion: "2.47.1" }) },
    place: { closedBy: undefined },
    rule: "RC028",
    path: "backend.packetFilter",
    got: "nothing that closes the ports",
  },
  {
    place: { clientCidrs: ["10.0.0.0/8", "10.1.2.3/16"] },
    rule: "RC029",
    path: "backend.packetFilter.clientCidrs[1]",
    got: "'10.1.2.3/16'",
  },
];
