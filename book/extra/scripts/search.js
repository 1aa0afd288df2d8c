// What the page of results needs besides the theme's search; it runs when the index is there, before the
// first search begins.

// The index holds words as an object's names. Words that every object has by birth, such as "constructor"
// and "__proto__", would be found there too: nothing is inherited but the question that the search asks.
(function () {
  const { hasOwnProperty } = Object.prototype;
  const bare = Object.create(null, { hasOwnProperty: { value: hasOwnProperty } });
  for (const table of ["terms", "titleterms"]) Object.setPrototypeOf(Search._index[table], bare);
})();

// A browser reads no page from a folder for another page: there the search leaves out its excerpts.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
