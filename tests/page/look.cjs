// Looks at pages of comeback in Chromium; tests/page/run calls it.
//
//   node look.cjs BROWSER FOLDER PAGE...     pictures go to FOLDER
"use strict";
const fs = require("fs");
const path = require("path");
const puppeteer = require("puppeteer-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [browserPath, folder, ...pages] = process.argv.slice(2);
let failed = 0;
function check(what, good, more) {
  console.log(`${good ? "PASS" : "FAIL"}  ${what}`);
  if (!good) {
    failed += 1;
    console.log("      | " + JSON.stringify(more, null, 1).split("\n").join("\n      | "));
  }
}

const views = {
  desktop: { width: 1280, height: 900 },
  phone: { width: 390, height: 844, isMobile: true, hasTouch: true },
};

// What the page says of itself, in the page's own words.
function facts() {
  const box = document.documentElement;
  const wider = [...document.querySelectorAll("body *")].filter(
    (one) => !one.closest(".wide") && one.getBoundingClientRect().right > box.clientWidth + 1,
  );
  return {
    title: document.title,
    scripts: document.scripts.length,
    wide: box.scrollWidth > box.clientWidth,
    wider: wider.slice(0, 5).map((one) => one.outerHTML.slice(0, 120)),
    verdict: document.querySelector("h1").innerText,
    closed: document.querySelectorAll("details:not([open])").length,
  };
}

async function look(browser, file, scheme, name) {
  const page = await browser.newPage();
  const asked = [];
  const said = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  await page.setViewport(views[name]);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.goto("file://" + path.resolve(file));
  const label = `${path.basename(file, ".html")}, ${name}, ${scheme}`;
  const seen = await page.evaluate(facts);
  check(`${label}: nothing but the page is asked for`, asked.length === 1, asked);
  check(`${label}: no script, no complaint`, seen.scripts === 0 && said.length === 0, said);
  check(`${label}: what a host is called is not run`, seen.title !== "bitten", seen.title);
  check(`${label}: as wide as the window`, !seen.wide && seen.wider.length === 0, seen.wider);
  check(`${label}: the verdict comes first`, /^(BLOCKED|CLEAR|UNDECIDED)/.test(seen.verdict), seen);
  await page.screenshot({ path: path.join(folder, `${label.replace(/, /g, "-")}.png`), fullPage: true });

  // All of it, also what is folded.
  await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
  await page.evaluate(axe);
  const result = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const violations = result.violations.map((one) => [one.id, one.nodes[0].html.slice(0, 160), one.nodes[0].failureSummary]);
  check(`${label}: axe finds nothing, in ${result.passes.length} rules`, violations.length === 0, violations);
  await page.close();
}

// Tab by tab: everything that can be opened or followed is reached, in the order of the
// page, and can be seen when it is.
async function keyboard(browser, file) {
  const page = await browser.newPage();
  await page.setViewport(views.desktop);
  await page.goto("file://" + path.resolve(file));
  const label = `${path.basename(file, ".html")}, keyboard`;
  const wanted = await page.evaluate(() => {
    const shown = (one) => one.getClientRects().length > 0 && one.checkVisibility({ contentVisibilityAuto: true });
    const all = [...document.querySelectorAll("a, summary, [tabindex]")].filter(shown);
    all.forEach((one, at) => (one.dataset.at = String(at)));
    return all.length;
  });
  const reached = [];
  let outlined = true;
  for (let step = 0; step < Math.min(wanted, 150); step += 1) {
    await page.keyboard.press("Tab");
    const now = await page.evaluate(() => {
      const one = document.activeElement;
      const style = getComputedStyle(one);
      return [Number(one.dataset.at), style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
    });
    reached.push(now[0]);
    outlined = outlined && now[1];
  }
  const inOrder = reached.every((at, index) => at === index);
  check(`${label}: ${reached.length} of ${wanted} stops in the order of the page`, inOrder, reached);
  check(`${label}: each shows that it has the focus`, outlined, reached.length);
  const opened = await page.evaluate(() => {
    const one = document.querySelector("details:not([open]) > summary");
    if (one) one.focus();
    return Boolean(one);
  });
  if (opened) {
    await page.keyboard.press("Enter");
    const open = await page.evaluate(() => document.activeElement.parentElement.open);
    check(`${label}: Enter opens what is folded`, open, open);
  }
  const link = await page.evaluate(() => {
    const one = document.querySelector("td a[href^='#host'], th a[href^='#host']");
    if (one) one.focus();
    return one && one.getAttribute("href");
  });
  if (link) {
    await page.keyboard.press("Enter");
    const top = await page.evaluate((to) => document.querySelector(to).getBoundingClientRect().top, link);
    check(`${label}: Enter on a host goes to it`, top >= 0 && top < 900, top);
  }
  await page.close();
}

async function paper(browser, file) {
  const page = await browser.newPage();
  await page.goto("file://" + path.resolve(file));
  await page.emulateMediaType("print");
  const name = path.basename(file, ".html");
  const hidden = await page.evaluate(() => {
    const folded = [...document.querySelectorAll("details:not([open]) > :not(summary)")];
    return folded.filter((one) => one.getBoundingClientRect().height === 0).length;
  });
  check(`${name}, paper: nothing stays folded`, hidden === 0, hidden);
  await page.pdf({ path: path.join(folder, `${name}.pdf`), format: "A4" });
  await page.close();
}

(async () => {
  const browser = await puppeteer.launch({
    executablePath: browserPath,
    headless: true,
    args: ["--no-sandbox", "--disable-gpu"],
  });
  for (const file of pages) {
    for (const scheme of ["light", "dark"]) {
      for (const name of Object.keys(views)) await look(browser, file, scheme, name);
    }
    await keyboard(browser, file);
    await paper(browser, file);
  }
  await browser.close();
  console.log(failed === 0 ? "all passed" : `${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
})();
