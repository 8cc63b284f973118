package dynalake.connector;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.write.BatchWrite;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.DataWriterFactory;
import org.apache.spark.sql.connector.write.PhysicalWriteInfo;
import org.apache.spark.sql.connector.write.Write;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.apache.spark.sql.connector.write.streaming.StreamingDataWriterFactory;
import org.apache.spark.sql.connector.write.streaming.StreamingWrite;
import org.apache.spark.sql.types.StructType;

/** Writes a table: appends to it, or takes the place of all that was in it. */
final class MemoryWrite implements Write, BatchWrite, StreamingWrite {
    /** Chunks of tasks that are done, until the driver commits or aborts; nobody else holds them. */
    private static final Set<Chunk> WRITTEN = ConcurrentHashMap.newKeySet();

    private final MemoryTable table;
    private final StructType order;
    private final boolean replaces;

    MemoryWrite(MemoryTable table, StructType order, boolean replaces) {
        this.table = table;
        this.order = order;
        this.replaces = replaces;
    }

    @Override
    public BatchWrite toBatch() {
        return this;
    }

    @Override
    public StreamingWrite toStreaming() {
        return this;
    }

    @Override
    public boolean useCommitCoordinator() {
        return true;
    }

    @Override
    public DataWriterFactory createBatchWriterFactory(PhysicalWriteInfo info) {
        return new Factory();
    }

    @Override
    public StreamingDataWriterFactory createStreamingWriterFactory(PhysicalWriteInfo info) {
        return new Factory();
    }

    @Override
    public void commit(WriterCommitMessage[] messages) {
        List<Chunk> chunks = Stream.of(messages)
                .map(message -> ((Done) message).chunk())
                .filter(chunk -> chunk.rows.length > 0)
                .toList();
        if (replaces) {
            table.replace(chunks, order);
        } else {
            table.append(chunks, order);
        }
        forget(messages);
    }

    @Override
    public void commit(long epoch, WriterCommitMessage[] messages) {
        commit(messages);
    }

    @Override
    public void abort(WriterCommitMessage[] messages) {
        forget(messages);
    }

    @Override
    public void abort(long epoch, WriterCommitMessage[] messages) {
        forget(messages);
    }

    private static void forget(WriterCommitMessage[] messages) {
        Stream.of(messages).filter(Objects::nonNull).forEach(message -> WRITTEN.remove(((Done) message).chunk()));
    }

    private record Done(Chunk chunk) implements WriterCommitMessage {}

    private static final class Factory implements DataWriterFactory, StreamingDataWriterFactory {
        @Override
        public DataWriter<InternalRow> createWriter(int partition, long task) {
            return new Writer();
        }

        @Override
        public DataWriter<InternalRow> createWriter(int partition, long task, long epoch) {
            return new Writer();
        }
    }

    private static final class Writer implements DataWriter<InternalRow> {
        private final List<InternalRow> rows = new ArrayList<>();

        @Override
        public void write(InternalRow row) {
            rows.add(row.copy());
        }

        @Override
        public WriterCommitMessage commit() {
            Chunk chunk = new Chunk(rows.toArray(InternalRow[]::new));
            WRITTEN.add(chunk);
            return new Done(chunk);
        }

        @Override
        public void abort() {}

        @Override
        public void close() {}
    }
}
