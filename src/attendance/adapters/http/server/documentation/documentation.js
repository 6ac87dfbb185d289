// React writes what Swagger UI has sanitised as HTML; what runs is refused here, and by the page's policy again.
globalThis.trustedTypes?.createPolicy("default", {
  createHTML(html) {
    if (/<script|<iframe|\son\w+\s*=|javascript:/i.test(html)) {
      throw new TypeError("HTML that runs is not shown");
    }
    return html;
  },
});

// What is sent from here has the token that is typed here, never the cookie of the pages.
SwaggerUIBundle({
  dom_id: "#documentation",
  url: new URL("../openapi.json", document.currentScript.src).href,
  deepLinking: true,
  docExpansion: "none",
  requestInterceptor: (request) => ({ ...request, credentials: "omit" }),
  presets: [SwaggerUIBundle.presets.apis],
});
