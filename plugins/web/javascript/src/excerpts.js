// A profile as it would be with what stands in the fields of a form, and where each of these fields stands in it.

/**
 * @typedef {object} Excerpt a statement of the rules, of which a field has the text
 * @property {number} first the line where it begins in the profile, from 1; 0: the profile has no rules yet
 * @property {number} last the line where it ends; smaller than `first`: it is not there yet and comes before that line
 * @property {number} like the line that it is indented like
 * @property {string} head what stands before the text
 * @property {string} text
 */

/**
 * @typedef {object} Place of an excerpt's text in the whole profile
 * @property {number} line its first line, from 0
 * @property {number} lines how many it has
 * @property {number} column where the first one begins
 * @property {number} further where the others begin
 */

const BREAK = /\r\n|\n|\r/;
const DEEPER = "    ";

/**
 * @param {string} profile
 * @param {Excerpt[]} excerpts
 * @returns {{ text: string, places: Place[] }} the places in the order of the excerpts
 */
export function composed(profile, excerpts) {
  const lines = profile.split(BREAK);
  /** @type {string[]} */
  const whole = [];
  /** @type {Map<Excerpt, Place>} */
  const places = new Map();
  let taken = 0;
  for (const one of [...excerpts].sort((a, b) => order(a) - order(b))) {
    const before = one.first ? one.first - 1 : lines.length;
    whole.push(...lines.slice(taken, before));
    if (!one.first) whole.push("rules: |");
    taken = Math.max(before, one.last);
    const indent = one.like ? (/^\s*/.exec(lines[one.like - 1] ?? "")?.[0] ?? "") : "  ";
    const text = one.text.split(BREAK);
    const [column, further] = [indent.length + one.head.length, indent.length + DEEPER.length];
    places.set(one, { line: whole.length, lines: text.length, column, further });
    whole.push(...text.map((line, number) => (number ? indent + DEEPER : indent + one.head) + line));
  }
  whole.push(...lines.slice(taken));
  return { text: whole.join("\n"), places: excerpts.map((one) => /** @type {Place} */ (places.get(one))) };
}

/** @param {Excerpt} one */
function order(one) {
  return one.first || Infinity;
}

/**
 * @param {Place} place
 * @param {number} line of the excerpt's text, from 0
 * @param {number} column
 */
export function outside(place, line, column) {
  return { line: place.line + line, character: column + (line ? place.further : place.column) };
}

/**
 * A position of the whole profile in the excerpt's text: at its beginning or end where it lies before or behind it.
 * @param {Place} place
 * @param {{ line: number, character: number }} position
 */
export function inside(place, { line, character }) {
  const number = line - place.line;
  if (number < 0) return { line: 0, column: 0 };
  if (number >= place.lines) return { line: place.lines - 1, column: Infinity };
  return { line: number, column: Math.max(0, character - (number ? place.further : place.column)) };
}

/**
 * @param {Place} place
 * @param {{ start: { line: number }, end: { line: number } }} range
 */
export function concerns(place, range) {
  return range.start.line < place.line + place.lines && range.end.line >= place.line;
}
