// Integers from text: see page_data.py.

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const CODES = new Map([...DIGITS].map((digit, code) => [digit, code]));

/** Return the integers that a text holds; null where it has a full stop. */
function integers(text) {
  const found = [];
  let value = 0, scale = 1;
  for (const digit of text) {
    if (digit === ".") {
      found.push(null);
      continue;
    }
    const code = CODES.get(digit);
    value += (code % 32) * scale; // No bits are shifted: the numbers may have more than 32.
    scale *= 32;
    if (code >= 32) continue;
    found.push(value % 2 ? -(value + 1) / 2 : value / 2);
    value = 0;
    scale = 1;
  }
  return found;
}
