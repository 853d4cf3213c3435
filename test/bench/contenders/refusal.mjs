/** A peer that cannot run a layer says why; any other error of a peer is reported with its message. Neither stops the run. */
export class Refused extends Error {}

export function refused(why) {
  throw new Refused(why);
}

/** What is said of an error in the report. */
export const reason = (error) =>
  error instanceof Refused ? error.message : String(error?.message ?? error).split("\n")[0];
