/** A peer that cannot run a layer says why; any other error of a peer is reported with its message. Neither stops the run. */
export class Refused extends Error {}

export function refused(why) {
  throw new Refused(why);
}
