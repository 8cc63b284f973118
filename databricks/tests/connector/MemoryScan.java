package dynalake.connector;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.streaming.MicroBatchStream;
import org.apache.spark.sql.connector.read.streaming.Offset;
import org.apache.spark.sql.connector.read.streaming.ReadLimit;
import org.apache.spark.sql.connector.read.streaming.ReadMaxFiles;
import org.apache.spark.sql.connector.read.streaming.SupportsTriggerAvailableNow;
import org.apache.spark.sql.types.StructType;

/** Reads a table: all of it, or as a stream what was appended. A chunk is a partition. */
final class MemoryScan implements Scan, Batch {
    private final MemoryTable table;
    private final StructType schema;

    MemoryScan(MemoryTable table, StructType schema) {
        this.table = table;
        this.schema = schema;
    }

    @Override
    public StructType readSchema() {
        return schema;
    }

    @Override
    public Batch toBatch() {
        return this;
    }

    @Override
    public InputPartition[] planInputPartitions() {
        return table.chunks().toArray(InputPartition[]::new);
    }

    @Override
    public PartitionReaderFactory createReaderFactory() {
        return new Factory();
    }

    @Override
    public MicroBatchStream toMicroBatchStream(String checkpointLocation) {
        return new Stream();
    }

    private static final class Factory implements PartitionReaderFactory {
        @Override
        public PartitionReader<InternalRow> createReader(InputPartition partition) {
            InternalRow[] rows = ((Chunk) partition).rows;
            return new PartitionReader<>() {
                private int at = -1;

                @Override
                public boolean next() {
                    return ++at < rows.length;
                }

                @Override
                public InternalRow get() {
                    return rows[at];
                }

                @Override
                public void close() {}
            };
        }
    }

    /** How many chunks have been read. */
    private static final class Position extends Offset {
        final int chunks;

        Position(int chunks) {
            this.chunks = chunks;
        }

        @Override
        public String json() {
            return Integer.toString(chunks);
        }
    }

    private final class Stream implements MicroBatchStream, SupportsTriggerAvailableNow {
        /** Where this run ends; what is appended meanwhile is the next one's. */
        private int end;

        @Override
        public void prepareForTriggerAvailableNow() {
            end = table.chunks().size();
        }

        @Override
        public ReadLimit getDefaultReadLimit() {
            return ReadLimit.maxFiles(table.chunksPerBatch);
        }

        @Override
        public Offset latestOffset(Offset start, ReadLimit limit) {
            int from = ((Position) start).chunks;
            int most = limit instanceof ReadMaxFiles files ? files.maxFiles() : Integer.MAX_VALUE;
            return new Position((int) Math.min((long) from + most, end));
        }

        @Override
        public Offset latestOffset() {
            throw new UnsupportedOperationException("streams of this connector run with the trigger AvailableNow");
        }

        @Override
        public Offset initialOffset() {
            return new Position(0);
        }

        @Override
        public Offset deserializeOffset(String json) {
            return new Position(Integer.parseInt(json));
        }

        @Override
        public InputPartition[] planInputPartitions(Offset start, Offset end) {
            int from = ((Position) start).chunks;
            return table.chunks().subList(from, ((Position) end).chunks).toArray(InputPartition[]::new);
        }

        @Override
        public PartitionReaderFactory createReaderFactory() {
            return new Factory();
        }

        @Override
        public void commit(Offset end) {}

        @Override
        public void stop() {}
    }
}
