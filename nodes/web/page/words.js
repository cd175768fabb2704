// Numbers and times in words, as the window says them.

export const signed = (value) => {
  const rounded = (Math.round(value * 100) + 0) / 100; // no −0.00
  return (rounded < 0 ? "−" : "+") + Math.abs(rounded).toFixed(2);
};

export const withInterval = (value, sd, z90) => `${signed(value)} ± ${(z90 * sd).toFixed(2)}`;

export const percent = (share) => `${Math.round(100 * share)} %`;

const side = (degrees, sd, z90, [less, more]) =>
  `${Math.round(Math.abs(degrees))}° ${degrees < 0 ? less : more}` + (sd === null ? "" : ` ± ${Math.round(z90 * sd)}°`);

// "looks at Ann, who looks back (71 %); 12° right ± 8°, 3° down ± 14°", "" where nothing is known.
export const lookWords = (person, z90) => {
  if (!person) return "";
  let words = person.looks_words;
  const best = [...person.looks].sort((a, b) => b.p - a.p)[0];
  if (words.startsWith("looks at") && best?.mutual > 0.5) words += `, who looks back (${percent(best.mutual)})`;
  const g = person.gaze;
  const way = g && `${side(g.yaw, g.yaw_sd, z90, ["left", "right"])}, ${side(g.pitch, g.pitch_sd, z90, ["up", "down"])}`;
  return [words, way].filter(Boolean).join("; ");
};

export const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return (hours ? `${hours}:` : "") + `${two(minutes)}:${two(whole % 60)}`;
};

export const timeOfDay = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false });
