// What can be traded, and in which steps; it does not change while the platform runs.
import { useQuery } from "@tanstack/react-query";
import { type Instrument, must, prism } from "../api/client";

export function useInstruments() {
  return useQuery({
    queryKey: ["instruments"],
    queryFn: () => must(prism.GET("/symbols")),
    staleTime: Number.POSITIVE_INFINITY,
    // Without it nothing can be sent: ask until it is there.
    retry: true,
    retryDelay: 1000,
  });
}

export function find(all: Instrument[] | undefined, symbol: string): Instrument | undefined {
  return all?.find((one) => one.symbol === symbol);
}
