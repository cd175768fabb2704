// Numbers and times in words, as the window says them.

export const signed = (value) => {
  const rounded = (Math.round(value * 100) + 0) / 100; // no −0.00
  return (rounded < 0 ? "−" : "+") + Math.abs(rounded).toFixed(2);
};

export const withInterval = (value, sd, z90) => `${signed(value)} ± ${(z90 * sd).toFixed(2)}`;

export const percent = (share) => `${Math.round(100 * share)} %`;

export const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return (hours ? `${hours}:` : "") + `${two(minutes)}:${two(whole % 60)}`;
};

export const timeOfDay = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false });
