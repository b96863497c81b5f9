"use client";

import { useMemo } from "react";
import { createManagementApi, type ManagementApi } from "@/lib/browser/management-api";
import { useChatClient } from "./useChatClient";

/** Commands around conversations, on behalf of whoever this page was made for. */
export function useManagement(): ManagementApi {
  const { viewer } = useChatClient();
  return useMemo(() => createManagementApi(viewer.id), [viewer.id]);
}
