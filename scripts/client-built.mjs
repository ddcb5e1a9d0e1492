// What happens to the client after Trunk has built it, before it becomes `app/dist`. Run by Trunk (see Trunk.toml).
import { precache } from "./precache.mjs";
import { slim } from "./slim.mjs";

const folder = process.env.TRUNK_STAGING_DIR;
if (!folder) throw new Error("TRUNK_STAGING_DIR is not set: this script is run by Trunk");

// A quick build keeps its names: it is the one that is debugged.
if (process.env.TRUNK_PROFILE === "release") console.log(`client: ${await slim(folder)}`);
console.log(`client: ${await precache(folder)}`);
