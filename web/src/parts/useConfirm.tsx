import { useEffect, useRef, useState, type ReactNode } from "react";

interface Asked {
  question: string;
  answer: (yes: boolean) => void;
}

/** Ask before something is done that others will notice; `dialog` must be rendered. */
export function useConfirm(): { confirm: (question: string) => Promise<boolean>; dialog: ReactNode } {
  const [asked, setAsked] = useState<Asked | null>(null);
  const place = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (asked && !place.current?.open) place.current?.showModal();
  }, [asked]);
  const finish = (yes: boolean) => {
    asked?.answer(yes);
    setAsked(null);
  };
  const confirm = (question: string) => new Promise<boolean>((answer) => setAsked({ question, answer }));
  const dialog = asked && (
    <dialog ref={place} aria-label="Are you sure?" onCancel={() => finish(false)}>
      <p>{asked.question}</p>
      <p className="tools">
        <button autoFocus onClick={() => finish(false)}>
          No
        </button>
        <button onClick={() => finish(true)}>Yes</button>
      </p>
    </dialog>
  );
  return { confirm, dialog };
}
