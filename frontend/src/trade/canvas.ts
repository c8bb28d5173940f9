// A canvas that fits its box, sharp on every screen, with the colours of the theme.
import { useMantineColorScheme } from "@mantine/core";
import { type RefObject, useCallback, useEffect, useRef } from "react";

export interface Palette {
  text: string;
  dim: string;
  line: string;
  up: string;
  down: string;
  upBar: string;
  downBar: string;
  raised: string;
  font: string;
}

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: of("--text"),
    dim: of("--dim"),
    line: of("--line"),
    up: of("--up"),
    down: of("--down"),
    upBar: of("--up-bar"),
    downBar: of("--down-bar"),
    raised: of("--raised"),
    font: `12px ${of("--font")}`,
  };
}

export interface Sheet {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
  palette: Palette;
}
export type Draw = (sheet: Sheet) => void;

/** Draw when asked through the returned function, on every change of size and of theme. */
export function useCanvas(draw: Draw): [RefObject<HTMLCanvasElement | null>, () => void] {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(draw);
  const redraw = useRef(() => {});
  const { colorScheme } = useMantineColorScheme();
  useEffect(() => {
    latest.current = draw;
    redraw.current();
  }, [draw]);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    const palette = paletteOf(element);
    redraw.current = () => {
      const ratio = window.devicePixelRatio || 1;
      const width = element.clientWidth;
      const height = element.clientHeight;
      if (!width || !height) return;
      const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (element.width !== w || element.height !== h) {
        element.width = w;
        element.height = h;
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      context.font = palette.font;
      context.textBaseline = "middle";
      latest.current({ context, width, height, palette });
    };
    const observer = new ResizeObserver(() => {
      redraw.current();
    });
    observer.observe(element);
    redraw.current();
    return () => {
      observer.disconnect();
      redraw.current = () => {};
    };
  }, [colorScheme]);
  const ask = useCallback(() => {
    redraw.current();
  }, []);
  return [canvas, ask];
}
