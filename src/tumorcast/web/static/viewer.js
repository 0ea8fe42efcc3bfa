// The zoomable slide with the heatmap of its tiles.  One viewer for each `.slide` of the page.
const PALETTE = [[68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142], [31, 158, 137], [53, 183, 121], [110, 206, 88], [181, 222, 43], [253, 231, 37]];
const LENGTHS_UM = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];

// OpenSeadragon adds a style element of its own, which the page's policy forbids, unless it finds one that it knows:
// this one is of no namespace that a browser applies; the rule itself stands in house.css.
const known = document.createElementNS("urn:tumorcast", "style");
known.setAttribute("data-openseadragon-mobile-css", "true");
document.head.append(known);

function colourAt(share) {
  const place = Math.min(1, Math.max(0, share)) * (PALETTE.length - 1), below = Math.min(PALETTE.length - 2, Math.floor(place));
  return PALETTE[below].map((part, i) => Math.round(part + (place - below) * (PALETTE[below + 1][i] - part)));
}

function limitsOf(values) {
  const sorted = Float64Array.from(values).sort(), at = share => sorted[Math.round(share * (sorted.length - 1))];
  return [at(0.01), Math.max(at(0.99), at(0.01) + 1e-9)];
}

/** The heatmap as a picture of one pixel a tile: drawn in one call however many tiles there are. */
function rasterOf(heat, side) {
  const left = heat.x.reduce((a, b) => Math.min(a, b)), top = heat.y.reduce((a, b) => Math.min(a, b));
  const columns = heat.x.map(x => Math.round((x - left) / side)), rows = heat.y.map(y => Math.round((y - top) / side));
  const picture = document.createElement("canvas");
  picture.width = columns.reduce((a, b) => Math.max(a, b)) + 1;
  picture.height = rows.reduce((a, b) => Math.max(a, b)) + 1;
  const pen = picture.getContext("2d"), pixels = pen.createImageData(picture.width, picture.height);
  const [low, high] = limitsOf(heat.value);
  heat.value.forEach((value, i) => {
    const at = 4 * (rows[i] * picture.width + columns[i]);
    pixels.data.set([...colourAt((value - low) / (high - low)), 255], at);
  });
  pen.putImageData(pixels, 0, 0);
  return { picture, left, top, low, high };
}

class SlideView {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.stage = root.querySelector(".stage");
    this.picked = -1;
    this.viewer = OpenSeadragon({
      element: this.stage, drawer: "canvas", showNavigationControl: false, showNavigator: true, navigatorPosition: "TOP_RIGHT", navigatorBackground: "#fff",
      maxZoomPixelRatio: 4, gestureSettingsMouse: { clickToZoom: false }, animationTime: 0.4,
      tileSources: {
        width: data.width, height: data.height, tileSize: data.tile_px, minLevel: 0, maxLevel: data.finest,
        getTileUrl: (level, x, y) => `${root.dataset.slide}/tiles/${level}/${x}/${y}`,
      },
    });
    this.heat = data.side_px && data.heat.value.length ? data.heat : null;
    this.addLayer();
    this.addScale();
    this.addControls();
    for (const name of ["update-viewport", "resize", "open"]) this.viewer.addHandler(name, () => this.draw());
    this.viewer.addHandler("open", () => { root.dataset.state = "open"; });
    this.viewer.addHandler("tile-loaded", () => { root.dataset.tiles = Number(root.dataset.tiles || 0) + 1; });
    this.viewer.addHandler("tile-load-failed", () => this.tell("A part of the slide could not be loaded."));
    this.viewer.addHandler("canvas-click", event => event.quick && this.pickAt(event.position));
  }

  addLayer() {
    this.layer = document.createElement("canvas");
    this.layer.className = "heat";
    this.viewer.addHandler("open", () => this.viewer.canvas.appendChild(this.layer));
    if (this.heat) this.raster = rasterOf(this.heat, this.data.side_px);
  }

  addScale() {
    this.scale = document.createElement("div");
    this.scale.className = "scalebar";
    this.scale.append(document.createElement("span"), document.createElement("canvas"));
    this.stage.append(this.scale);
  }

  addControls() {
    const find = name => this.root.querySelector(name), { mpp, width, height } = this.data;
    find(".facts-of-slide").textContent = `${(width * mpp / 1000).toFixed(1)} × ${(height * mpp / 1000).toFixed(1)} mm, ${mpp.toPrecision(3)} µm/px`;
    find(".home").addEventListener("click", () => this.viewer.viewport.goHome());
    if (!this.heat) return;
    find(".with-heat").hidden = false;
    this.toggle = find(".toggle");
    this.opacity = find(".opacity");
    this.told = find(".picked");
    find(".low").textContent = this.raster.low.toPrecision(3);
    find(".high").textContent = this.raster.high.toPrecision(3);
    const pen = find(".ramp").getContext("2d");
    for (let i = 0; i < 256; i++) { pen.fillStyle = `rgb(${colourAt(i / 255)})`; pen.fillRect(i, 0, 1, 1); }
    this.toggle.addEventListener("change", () => this.draw());
    this.opacity.addEventListener("input", () => this.draw());
  }

  tell(sentence) {
    if (this.stage.querySelector(".told")) return;
    const note = document.createElement("p");
    note.className = "told";
    note.setAttribute("role", "alert");
    note.textContent = sentence;
    this.stage.append(note);
  }

  screenOf(x, y) {
    const { viewport } = this.viewer;
    return viewport.viewportToViewerElementCoordinates(viewport.imageToViewportCoordinates(x, y));
  }

  draw() {
    const box = this.stage.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
    const width = Math.round(box.width * ratio), height = Math.round(box.height * ratio);
    if (this.layer.width !== width || this.layer.height !== height) {
      Object.assign(this.layer, { width, height });
      Object.assign(this.layer.style, { width: `${box.width}px`, height: `${box.height}px` });
    }
    const pen = this.layer.getContext("2d"), origin = this.screenOf(0, 0), zoom = (this.screenOf(1000, 0).x - origin.x) / 1000;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, box.width, box.height);
    if (this.heat) this.paint(pen, origin, zoom);
    this.drawScale(zoom / this.data.mpp, box.width);
  }

  paint(pen, origin, zoom) {
    const side = this.data.side_px * zoom, { picture, left, top } = this.raster;
    if (this.toggle.checked) {
      pen.globalAlpha = this.opacity.value / 100;
      pen.imageSmoothingEnabled = false;
      pen.drawImage(picture, origin.x + left * zoom, origin.y + top * zoom, picture.width * side, picture.height * side);
      pen.globalAlpha = 1;
    }
    if (this.picked < 0) return;
    for (const [line, colour] of [[4, "#fff"], [2, "#111"]]) {
      pen.lineWidth = line;
      pen.strokeStyle = colour;
      pen.strokeRect(origin.x + this.heat.x[this.picked] * zoom, origin.y + this.heat.y[this.picked] * zoom, side, side);
    }
  }

  drawScale(pxPerUm, width) {
    const fitting = LENGTHS_UM.filter(each => each * pxPerUm < width / 4), length = fitting.at(-1) ?? LENGTHS_UM[0];
    const [text, bar] = this.scale.children;
    text.textContent = length >= 1000 ? `${length / 1000} mm` : `${length} µm`;
    bar.width = Math.max(1, Math.round(length * pxPerUm));
    bar.height = 4;
    bar.getContext("2d").fillRect(0, 0, bar.width, 4);
  }

  pickAt(position) {
    if (!this.heat) return;
    const { x, y } = this.viewer.viewport.viewerElementToImageCoordinates(position);
    this.pick(this.tileAt(x, y));
  }

  tileAt(x, y) {
    const side = this.data.side_px;
    return this.heat.x.findIndex((left, i) => x >= left && x < left + side && y >= this.heat.y[i] && y < this.heat.y[i] + side);
  }

  pick(i) {
    this.picked = i;
    if (i < 0) {
      this.told.textContent = "There is no tile here.";
    } else {
      const value = this.heat.value[i], rank = this.heat.value.filter(each => each > value).length + 1;
      this.told.textContent = `Score ${value.toPrecision(3)}, rank ${rank} of ${this.heat.value.length}, at x ${this.heat.x[i]}, y ${this.heat.y[i]} px`;
    }
    this.draw();
  }

  goTo(x, y) {
    const side = this.data.side_px || 512 / this.data.mpp * 0.5, margin = 2.5 * side;
    this.viewer.viewport.fitBounds(this.viewer.viewport.imageToViewportRectangle(x - margin, y - margin, side + 2 * margin, side + 2 * margin));
    if (this.heat) this.pick(this.tileAt(x + side / 2, y + side / 2));
    this.stage.scrollIntoView({ block: "nearest" });
  }
}

/** The report's own picture in the place of a slide that cannot be zoomed, with the reason. */
function showStill(root, reason) {
  const instead = root.querySelector(".instead");
  instead.querySelector("p").textContent = `This slide cannot be zoomed: ${reason}.`;
  instead.hidden = false;
  root.querySelector(".stage").hidden = root.querySelector(".home").hidden = true;
  root.dataset.state = "still";
}

async function dataOf(root) {
  const answer = await fetch(root.dataset.slide, { headers: { Accept: "application/json" } }).catch(() => null);
  const data = await answer?.json().catch(() => null);
  if (!data) throw new Error("the server could not be reached");
  if (!answer.ok) throw new Error(data.fix ? `${data.what}; ${data.fix}` : data.what);
  return data;
}

async function show(root) {
  let view;
  try {
    view = new SlideView(root, await dataOf(root));
  } catch (error) {
    showStill(root, error.message);
    return;
  }
  const number = root.dataset.slide.split("/").at(-1);
  for (const button of document.querySelectorAll(`.tiles[data-of="${number}"] button`)) {
    button.addEventListener("click", () => view.goTo(Number(button.dataset.x), Number(button.dataset.y)));
  }
}

for (const root of document.querySelectorAll(".slide[data-slide]")) show(root);
