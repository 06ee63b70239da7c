import { expect, it } from "vitest";
import { serviceStates } from "./services";

it("counts the instances of a service and what they have done together", () => {
  const health = [
    { name: "query", errors: 1 },
    { name: "query", ready: false, errors: 0 },
    { name: "io", ready: true, errors: 0 },
  ];
  const stats = [
    { name: "query", started: "2026-05-02", endpoints: [{ num_requests: 3, num_errors: 1, last_error: "400: no" }] },
    { name: "query", started: "2026-05-01", endpoints: [{ num_requests: 2, num_errors: 0 }] },
    { name: "lost", started: "2026-05-01" },
  ];
  expect(serviceStates(health, stats)).toEqual([
    { name: "io", instances: 1, starting: 0, errors: 0, requests: 0, failed: 0, lastError: "", started: "" },
    { name: "lost", instances: 0, starting: 0, errors: 0, requests: 0, failed: 0, lastError: "", started: "2026-05-01" },
    { name: "query", instances: 2, starting: 1, errors: 1, requests: 5, failed: 1, lastError: "400: no", started: "2026-05-01" },
  ]);
});
