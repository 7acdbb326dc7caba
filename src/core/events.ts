type Handler<T> = (payload: T) => void;

/** In-process notices between domains: a lower domain emits, a higher one subscribes in main.ts. */
export interface Events<Map> {
  on<K extends keyof Map>(name: K, handler: Handler<Map[K]>): () => void;
  emit<K extends keyof Map>(name: K, payload: Map[K]): void;
}

/** Handlers run in order of subscription; one that throws is reported to `failed` and does not stop the others. */
export function createEvents<Map>(failed: (error: unknown) => void): Events<Map> {
  const handlers: { [K in keyof Map]?: Set<Handler<Map[K]>> } = {};
  return {
    on(name, handler) {
      const set = (handlers[name] ??= new Set());
      set.add(handler);
      return () => void set.delete(handler);
    },
    emit(name, payload) {
      for (const handler of handlers[name] ?? []) {
        try {
          handler(payload);
        } catch (error) {
          failed(error);
        }
      }
    },
  };
}
