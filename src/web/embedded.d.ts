// Files that the bundler puts into the binary: imported as text, or as the path of a file.

declare module "*.css" {
  const content: string;
  export default content;
}

declare module "*.svg" {
  const content: string;
  export default content;
}

declare module "./browser/*" {
  const content: string;
  export default content;
}

declare module "./*.html" {
  const content: string;
  export default content;
}

declare module "swagger-ui-dist/swagger-ui-bundle.js" {
  const path: string;
  export default path;
}
