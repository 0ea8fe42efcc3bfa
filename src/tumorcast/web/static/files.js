// Choosing, dropping and sending files; making a case of a form.
const csrf = document.body.dataset.csrf, list = document.getElementById("files"), chosen = [];
const limits = JSON.parse(list.dataset.limits), kinds = JSON.parse(list.dataset.kinds);
const GUESSES = [
  ["slide", /\.(svs|ndpi|tiff?|scn|bif|svslide|qptiff|btf|dcm|mrxs)$/i],
  ["variants", /(\.maf|\.vcf)(\.gz)?$|mutation|variant/i],
  ["segments", /\.seg(\.gz)?$|segment|copy.?number|cna/i],
  ["pharmacogenes", /pgx|pharmaco/i],
  ["polygenic_scores", /pgs|polygenic/i],
  ["clocks", /clock/i],
  ["exposures", /exposure|smoking|comedication/i],
  ["lesions", /lesion|recist|tumou?r.?size|diameter/i],
  ["clinical", /clinic|laborator/i],
  ["expression", /express|rna|tpm|fpkm|counts|quant|\.(gct|sf)(\.gz)?$/i],
];

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function told(size) {
  for (const unit of ["bytes", "kB", "MB", "GB"]) {
    if (size < 1000 || unit === "GB") return `${size < 100 && unit !== "bytes" ? size.toFixed(1) : Math.round(size)} ${unit}`;
    size /= 1000;
  }
  return "";
}

function add(files) {
  for (const file of files) {
    const guess = GUESSES.find(([, pattern]) => pattern.test(file.name))?.[0] ?? "expression";
    const select = element("select", { ariaLabel: `Kind of ${file.name}` });
    for (const [code, name] of Object.entries(kinds)) select.append(element("option", { value: code, textContent: name, selected: code === guess }));
    const bar = element("progress", { value: 0, max: 1, ariaLabel: `Progress of ${file.name}` }), note = element("span", { className: "told" });
    const remove = element("button", { type: "button", className: "quiet", textContent: "Remove" });
    const row = element("li", {}, element("span", { className: "name" }, file.name, " ", element("small", { textContent: told(file.size) })), select, bar, remove, note);
    const entry = { file, select, bar, note, row, remove, isSent: false };
    remove.setAttribute("aria-label", `Remove ${file.name}`);
    remove.addEventListener("click", () => { chosen.splice(chosen.indexOf(entry), 1); row.remove(); changed(); });
    chosen.push(entry);
    list.append(row);
  }
  changed();
}

function changed() {
  const send = document.getElementById("send-files");
  if (send) send.disabled = !chosen.some(entry => !entry.isSent);
}

function sentence(error) {
  const parts = [error.what];
  if (error.got) parts.push(`found: ${error.got}`);
  if (error.expected) parts.push(`expected: ${error.expected}`);
  if (error.fix) parts.push(error.fix);
  return parts.join(". ");
}

async function call(method, address, body) {
  const answer = await fetch(address, {
    method, headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf, Accept: "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.status === 401) location.assign("/sign-in");
  const data = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw Object.assign(new Error(sentence(data)), { told: sentence(data) });
  return data;
}

/** XMLHttpRequest, because it tells how much has been sent. */
function send(caseId, entry) {
  return new Promise((resolve, reject) => {
    const kind = entry.select.value, fail = text => { entry.note.textContent = text; reject(Object.assign(new Error(text), { told: "" })); };
    if (entry.file.size > limits[kind]) { fail(`The file is larger than the lab takes: ${told(entry.file.size)}, at most ${told(limits[kind])}.`); return; }
    const request = new XMLHttpRequest();
    request.open("PUT", `/api/v1/cases/${caseId}/files/${kind}?name=${encodeURIComponent(entry.file.name)}`);
    request.setRequestHeader("X-CSRF-Token", csrf);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", event => { if (event.lengthComputable) entry.bar.value = event.loaded / event.total; });
    request.addEventListener("error", () => fail("The server could not be reached. Try again."));
    request.addEventListener("load", () => {
      if (request.status === 201) { entry.isSent = true; entry.bar.value = 1; entry.select.disabled = entry.remove.disabled = true; resolve(); return; }
      let error = { what: `the server answered ${request.status}` };
      try { error = JSON.parse(request.responseText); } catch { /* not JSON: the status says it */ }
      fail(sentence(error));
    });
    entry.note.textContent = "";
    request.send(entry.file);
  });
}

async function sendAll(caseId) {
  let failures = 0;
  for (const entry of chosen.filter(each => !each.isSent)) await send(caseId, entry).catch(() => { failures += 1; });
  changed();
  return failures;
}

function factsOf(form) {
  const data = new FormData(form), facts = {};
  for (const name of ["patient_id", "title", "cancer_type", "organ", "specimen", "stain", "preparation", "sex", "expression_scale"]) facts[name] = data.get(name).trim();
  facts.agents = data.get("agents").split(/[,+;]/).map(each => each.trim()).filter(Boolean);
  facts.regimen = facts.agents.join(" + ");
  for (const name of ["line", "biopsy_day", "slide_mpp", "panel_mb", "age"]) facts[name] = data.get(name) === "" ? null : Number(data.get(name));
  facts.tumour_purity = data.get("tumour_purity") === "" ? null : Number(data.get("tumour_purity")) / 100;
  facts.build = data.get("build") || null;
  facts.is_simulated = data.get("is_simulated") !== null;
  return facts;
}

function complain(text) {
  const box = document.getElementById("problem");
  box.textContent = text;
  box.hidden = !text;
  if (text) box.scrollIntoView({ block: "center" });
}

async function make(form, isToPredict) {
  const status = document.getElementById("told"), buttons = [...form.querySelectorAll("#submit, #keep-only")];
  complain("");
  if (!form.reportValidity()) return;
  if (!chosen.length) { complain("Choose at least one file."); return; }
  for (const button of buttons) button.disabled = true;
  try {
    status.textContent = "Making the case";
    if (form.dataset.case) await call("PUT", `/api/v1/cases/${form.dataset.case}`, factsOf(form));
    else form.dataset.case = (await call("POST", "/api/v1/cases", factsOf(form))).id;
    status.textContent = "Sending files";
    const failures = await sendAll(form.dataset.case);
    if (failures) { complain(`${failures} file${failures === 1 ? " was" : "s were"} not taken: see below. Mend or remove, then send again.`); return; }
    if (isToPredict) await call("POST", `/api/v1/cases/${form.dataset.case}/jobs`, {});
    location.assign(`/cases/${form.dataset.case}`);
  } catch (error) {
    complain(error.told ?? "The server could not be reached. Try again.");
  } finally {
    status.textContent = "";
    for (const button of buttons) button.disabled = false;
  }
}

const drop = document.getElementById("drop"), input = document.getElementById("chosen");
document.getElementById("choose").addEventListener("click", () => input.click());
input.addEventListener("change", () => { add(input.files); input.value = ""; });
for (const name of ["dragover", "dragenter"]) drop.addEventListener(name, event => { event.preventDefault(); drop.classList.add("over"); });
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", event => { event.preventDefault(); drop.classList.remove("over"); add(event.dataTransfer.files); });

const form = document.getElementById("new-case");
form?.addEventListener("submit", event => { event.preventDefault(); make(form, true); });
document.getElementById("keep-only")?.addEventListener("click", () => make(form, false));
document.getElementById("send-files")?.addEventListener("click", async event => {
  event.target.disabled = true;
  if (!(await sendAll(event.target.dataset.case))) location.reload();
});
for (const button of document.querySelectorAll("button.remove")) {
  button.addEventListener("click", async () => {
    if (!window.confirm("Remove this file from the case and from the disk?")) return;
    try {
      await call("DELETE", `/api/v1/cases/${button.dataset.case}/files/${button.dataset.file}`);
      location.reload();
    } catch (error) { window.alert(error.told ?? "The server could not be reached."); }
  });
}
