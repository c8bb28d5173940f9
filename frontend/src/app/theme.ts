// What Mantine's components are told; colours are in app.css.
import { createTheme } from "@mantine/core";

export const theme = createTheme({
  fontFamily: "var(--font)",
  defaultRadius: "xs",
  respectReducedMotion: true,
});
