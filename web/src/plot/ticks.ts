/** Texts at a plot's axes. */

/** Times (seconds since 1970) in UTC, as exact as their distance asks for; the day where it begins or changes. */
export function timeTicks(seconds: readonly number[], distance: number): string[] {
  let day = "";
  return seconds.map((each) => {
    const [date, time] = new Date(Math.round(each * 1000)).toISOString().slice(0, -1).split("T") as [string, string];
    if (distance >= 86_400) return date;
    const text = time.slice(0, distance < 1 ? 12 : distance < 60 ? 8 : 5);
    if (date === day) return text;
    day = date;
    return `${text}\n${date}`;
  });
}

export function valueTick(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size >= 1e6 || size < 1e-3) ? value.toExponential(1) : String(Number(value.toPrecision(6)));
}
