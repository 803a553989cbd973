// Starts Swagger UI on the document of this server. validatorUrl null: nothing leaves this host.

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followScheme);
followScheme();

window.ui = window.SwaggerUIBundle({
  url: "/swagger/json",
  dom_id: "#api",
  deepLinking: true,
  validatorUrl: null,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: false,
});
