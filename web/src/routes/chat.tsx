/** /chat: the gate, the sign-up, or the messenger around the conversation of the address. */
import { Outlet, useParams, useSearch } from "@tanstack/react-router";
import { Suspense, lazy, useEffect } from "react";
import { startCore, usePhase, useSession } from "@/core/core";
import { Gate, Starting } from "@/features/chat/Gate";
import { Messenger } from "@/features/chat/Messenger";

const SignUp = lazy(() => import("@/features/chat/SignUp").then((module) => ({ default: module.SignUp })));

export function ChatPage() {
  const phase = usePhase();
  const session = useSession();
  const { to, join } = useSearch({ from: "/chat" });
  const { conversationId } = useParams({ strict: false });
  useEffect(() => {
    void startCore();
  }, []);

  if (phase.is !== "ready") return <Gate phase={phase} />;
  if (session === null) return <Starting />;
  if (session.state === "none") {
    return (
      <Suspense fallback={<Starting />}>
        <SignUp />
      </Suspense>
    );
  }
  return (
    <Messenger session={session} current={conversationId} to={to} join={join}>
      <Outlet />
    </Messenger>
  );
}
