import { createRoot } from "react-dom/client";
import { z } from "zod";
import { App } from "./app/app.tsx";
import { startTexts } from "./texts/index.ts";
import "./style.css";

// The console's Content-Security-Policy forbids code made from text.
z.config({ jitless: true });
await startTexts();
createRoot(document.getElementById("root")!).render(<App />);
