export function Page() {
  return <div className="page" />;
}
