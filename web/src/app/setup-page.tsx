export function SetupPage() {
  return <main className="alone" />;
}
