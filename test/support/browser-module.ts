/**
 * A module of the pages, loaded into the test process. The query keeps it apart from the same
 * file that pages.ts embeds as text.
 */
export function browserModule<Exports>(name: string): Promise<Exports> {
  return import(`${import.meta.dir}/../../src/web/browser/${name}.js?module`);
}
