/* A value that is fetched when a view opens. */
import { useEffect, useState } from "preact/hooks";

export function useLoaded<T>(load: () => Promise<T>, key: string): { value: T | null; error: string | null } {
  const [got, setGot] = useState<{ value: T | null; error: string | null }>({ value: null, error: null });
  useEffect(() => {
    let wanted = true;
    setGot({ value: null, error: null });
    load().then(
      (value) => wanted && setGot({ value, error: null }),
      (e: Error) => wanted && setGot({ value: null, error: e.message }),
    );
    return () => {
      wanted = false;
    };
  }, [key]);
  return got;
}
