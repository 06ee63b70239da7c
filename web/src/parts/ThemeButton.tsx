import { useEffect, useState } from "react";

const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

/** Light, dark, or as the system has it; remembered by this browser. */
export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(remembered);
  useEffect(() => {
    document.documentElement.style.colorScheme = theme === "system" ? "" : theme;
    dispatchEvent(new Event("themechange"));
  }, [theme]);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] as Theme;
  return (
    <button
      className="quiet"
      aria-label={`Colours: ${theme}. Change to ${next}`}
      onClick={() => {
        localStorage.setItem("theme", next);
        setTheme(next);
      }}
    >
      {theme === "system" ? "◐" : theme === "light" ? "○" : "●"}
    </button>
  );
}

function remembered(): Theme {
  return THEMES.find((theme) => theme === localStorage.getItem("theme")) ?? "system";
}
