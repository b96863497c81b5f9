import type { Metadata } from "next";
import Link from "next/link";
import { AuthPage } from "@/app/(auth)/AuthPage";
import { requestWords } from "@/app/viewpoint";
import { ForgotForm } from "@/components/account/ForgotForm";
import { runtime } from "@/lib/runtime";
import { mailMode } from "@/lib/server/mail/mail-mode";
import { requestReset } from "./actions";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await requestWords()).account.forgotTitle };
}

export default async function ForgotPasswordPage() {
  const { account } = await requestWords();
  return (
    <AuthPage path="/forgot-password" title={account.forgotTitle}>
      <p className="mt-1 text-pretty text-ink-soft">{account.forgotIntro}</p>
      <ForgotForm mail={mailMode(runtime().env)} action={requestReset} />
      <p className="mt-5">
        <Link href="/sign-in" className="font-medium text-accent-strong underline underline-offset-2">
          <span>{account.toSignIn}</span>
        </Link>
      </p>
    </AuthPage>
  );
}
