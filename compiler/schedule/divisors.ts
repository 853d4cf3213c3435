/** Factors that a loop can be split by without a rest, the least first. */
export function divisorsOf(extent: number, most = extent): number[] {
  const count = Math.min(extent, Math.floor(most));
  return Array.from({ length: count }, (_, i) => i + 1).filter((factor) => extent % factor === 0);
}
