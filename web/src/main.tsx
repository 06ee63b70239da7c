import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import "uplot/dist/uPlot.min.css";
import "./style/base.css";
import "./style/console.css";
import "./style/flights.css";
import "./style/frame.css";
import "./style/panel.css";
import "./style/plot.css";
import "./style/telecommands.css";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
