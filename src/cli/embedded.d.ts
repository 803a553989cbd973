declare module "*.yml" {
  const path: string;
  export default path;
}
