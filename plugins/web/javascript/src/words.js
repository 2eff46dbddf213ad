// The words of the scripts in the reader's language: the page has them in <meta name="words">, English is the source.

/** @returns {Record<string, string>} the words that the page gives, by the English ones */
export function allWords() {
  const content = meta("words");
  return content ? JSON.parse(content) : {};
}

/**
 * @param {string} english with {name} where a value goes
 * @param {Record<string, string | number>} [values]
 */
export function word(english, values = {}) {
  const said = allWords()[english] || english;
  return said.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** @param {string} name */
export function meta(name) {
  return document.querySelector(`meta[name="${name}"]`)?.getAttribute("content") ?? "";
}
