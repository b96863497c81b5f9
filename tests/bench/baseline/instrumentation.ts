/** The bundler would otherwise find the product's own: both apps share one root. */
export function register() {}
