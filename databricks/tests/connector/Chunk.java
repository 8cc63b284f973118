package dynalake.connector;

import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.read.InputPartition;

/**
 * Rows that one task wrote. Serialized it is only its id: driver and tasks are one process, and Spark would copy all
 * rows with each task.
 */
final class Chunk implements InputPartition {
    private static final Map<UUID, WeakReference<Chunk>> ALL = new ConcurrentHashMap<>();

    final transient InternalRow[] rows;
    private final UUID id = UUID.randomUUID();

    Chunk(InternalRow[] rows) {
        this.rows = rows;
        ALL.put(id, new WeakReference<>(this));
    }

    private Object readResolve() {
        return ALL.get(id).get();
    }
}
