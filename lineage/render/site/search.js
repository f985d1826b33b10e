// Search over the index that search-index.js holds. Works from disk: nothing is fetched. Texts are set as text, never as markup.
(function () {
  "use strict";
  var box = document.getElementById("search");
  var input = document.getElementById("search-for");
  var found = document.getElementById("found");
  var count = document.getElementById("found-count");
  var rows = window.lineageIndex || [];
  var root = document.body.getAttribute("data-root") || "";
  var most = 40;

  function rank(row, words) {
    var name = row[1].toLowerCase(), id = row[2].toLowerCase(), all = name + " " + id + " " + row[0].toLowerCase();
    if (!words.every(function (word) { return all.indexOf(word) >= 0; })) { return -1; }
    var first = words[0];
    if (name === first || id === first) { return 0; }
    return name.indexOf(first) === 0 || id.indexOf(first) === 0 ? 1 : 2;
  }

  function show() {
    var words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    found.textContent = "";
    count.textContent = "";
    if (!words.length) { found.hidden = true; return; }
    var hits = [];
    rows.forEach(function (row, place) {
      var value = rank(row, words);
      if (value >= 0) { hits.push([value, place, row]); }
    });
    hits.sort(function (a, b) { return a[0] - b[0] || a[1] - b[1]; });
    hits.slice(0, most).forEach(function (hit) {
      var row = hit[2], line = document.createElement("li"), link = document.createElement("a");
      var kind = document.createElement("small"), id = document.createElement("code");
      link.href = root + row[3];
      link.textContent = row[1];
      kind.textContent = row[0];
      link.appendChild(kind);
      if (row[2] !== row[1]) { id.textContent = row[2]; link.appendChild(id); }
      line.appendChild(link);
      found.appendChild(line);
    });
    found.hidden = !hits.length;
    count.textContent = !hits.length ? "Nothing found"
      : hits.length > most ? "First " + most + " of " + hits.length : hits.length + " found";
  }

  box.hidden = false;
  box.addEventListener("submit", function (event) {
    event.preventDefault();
    var first = found.querySelector("a");
    if (first) { window.location.href = first.href; }
  });
  input.addEventListener("input", show);
  box.addEventListener("keydown", function (event) {
    var links = Array.prototype.slice.call(found.querySelectorAll("a")), at = links.indexOf(document.activeElement);
    if (event.key === "Escape") { input.value = ""; show(); input.focus(); }
    if (event.key === "ArrowDown" && links.length) { event.preventDefault(); links[Math.min(at + 1, links.length - 1)].focus(); }
    if (event.key === "ArrowUp" && at >= 0) { event.preventDefault(); (at ? links[at - 1] : input).focus(); }
  });
  found.addEventListener("click", function () { input.value = ""; show(); });
  document.addEventListener("keydown", function (event) {
    if (event.key === "/" && document.activeElement === document.body) { event.preventDefault(); input.focus(); }
  });
})();
