package dynalake.connector;

import static org.apache.spark.sql.connector.catalog.TableCapability.AUTOMATIC_SCHEMA_EVOLUTION;
import static org.apache.spark.sql.connector.catalog.TableCapability.BATCH_READ;
import static org.apache.spark.sql.connector.catalog.TableCapability.BATCH_WRITE;
import static org.apache.spark.sql.connector.catalog.TableCapability.MICRO_BATCH_READ;
import static org.apache.spark.sql.connector.catalog.TableCapability.STREAMING_WRITE;
import static org.apache.spark.sql.connector.catalog.TableCapability.TRUNCATE;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.connector.catalog.Identifier;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.SupportsRowLevelOperations;
import org.apache.spark.sql.connector.catalog.SupportsWrite;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.catalog.TruncatableTable;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.write.LogicalWriteInfo;
import org.apache.spark.sql.connector.write.RowLevelOperation;
import org.apache.spark.sql.connector.write.RowLevelOperationBuilder;
import org.apache.spark.sql.connector.write.RowLevelOperationInfo;
import org.apache.spark.sql.connector.write.SupportsTruncate;
import org.apache.spark.sql.connector.write.WriteBuilder;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * One table: its rows in chunks, each written by one task.
 *
 * <p>UPDATE, DELETE and MERGE read the whole table and write it anew ("copy on write"). A stream reads the chunks in
 * the order in which they were appended.
 */
final class MemoryTable
        implements SupportsRead, SupportsWrite, SupportsRowLevelOperations, TruncatableTable {
    final Identifier identifier;
    final int chunksPerBatch;
    private final Transform[] partitioning;
    private StructType schema;
    private Map<String, String> properties;
    /** Never changed in place, so that who reads it has a snapshot. */
    private List<Chunk> chunks = List.of();

    MemoryTable(
            Identifier identifier,
            StructType schema,
            Transform[] partitioning,
            Map<String, String> properties,
            int chunksPerBatch) {
        this.identifier = identifier;
        this.schema = schema;
        this.partitioning = partitioning;
        this.properties = properties;
        this.chunksPerBatch = chunksPerBatch;
    }

    synchronized List<Chunk> chunks() {
        return chunks;
    }

    /** Takes rows whose columns are in any order, as a stream's are. */
    synchronized void append(List<Chunk> more, StructType order) {
        List<Chunk> all = new ArrayList<>(chunks);
        more.forEach(chunk -> all.add(rearrange(chunk, order, schema)));
        chunks = List.copyOf(all);
    }

    synchronized void replace(List<Chunk> all, StructType order) {
        chunks = all.stream().map(chunk -> rearrange(chunk, order, schema)).toList();
    }

    /** Takes a schema with more columns; rows from before have null in them. */
    synchronized void alter(StructType wider, Map<String, String> properties) {
        this.properties = properties;
        if (wider.equals(schema)) {
            return;
        }
        StructType narrow = schema;
        for (StructField field : narrow.fields()) {
            if (!wider.apply(field.name()).dataType().sameType(field.dataType())) {
                throw new UnsupportedOperationException("another type for the column " + field.name());
            }
        }
        chunks = chunks.stream().map(chunk -> rearrange(chunk, narrow, wider)).toList();
        schema = wider;
    }

    /** The rows' values by the columns' names; null in columns that they lack. */
    private static Chunk rearrange(Chunk chunk, StructType from, StructType to) {
        if (Arrays.equals(from.fieldNames(), to.fieldNames())) {
            return chunk;
        }
        InternalRow[] rows = chunk.rows;
        InternalRow[] wide = new InternalRow[rows.length];
        for (int at = 0; at < rows.length; at++) {
            Object[] values = new Object[to.length()];
            for (StructField field : from.fields()) {
                int column = from.fieldIndex(field.name());
                Object value = rows[at].isNullAt(column) ? null : rows[at].get(column, field.dataType());
                values[to.fieldIndex(field.name())] = value;
            }
            wide[at] = new GenericInternalRow(values);
        }
        return new Chunk(wide);
    }

    @Override
    public String name() {
        return identifier.toString();
    }

    @Override
    @SuppressWarnings("deprecation") // columns(), which takes its place, is made from it.
    public synchronized StructType schema() {
        return schema;
    }

    @Override
    public Transform[] partitioning() {
        return partitioning;
    }

    @Override
    public synchronized Map<String, String> properties() {
        return properties;
    }

    @Override
    public Set<TableCapability> capabilities() {
        return Set.of(
                BATCH_READ, BATCH_WRITE, MICRO_BATCH_READ, STREAMING_WRITE, TRUNCATE, AUTOMATIC_SCHEMA_EVOLUTION);
    }

    @Override
    public boolean truncateTable() {
        replace(List.of(), schema());
        return true;
    }

    @Override
    public ScanBuilder newScanBuilder(CaseInsensitiveStringMap options) {
        return () -> new MemoryScan(this, schema());
    }

    @Override
    public WriteBuilder newWriteBuilder(LogicalWriteInfo info) {
        return new Appends(info.schema());
    }

    /** Appends, unless it is told to truncate first. */
    private final class Appends implements SupportsTruncate {
        private final StructType order;
        private boolean truncates;

        Appends(StructType order) {
            this.order = order;
        }

        @Override
        public WriteBuilder truncate() {
            truncates = true;
            return this;
        }

        @Override
        public MemoryWrite build() {
            return new MemoryWrite(MemoryTable.this, order, truncates);
        }
    }

    @Override
    public RowLevelOperationBuilder newRowLevelOperationBuilder(RowLevelOperationInfo info) {
        return () -> new RowLevelOperation() {
            @Override
            public Command command() {
                return info.command();
            }

            @Override
            public ScanBuilder newScanBuilder(CaseInsensitiveStringMap options) {
                return MemoryTable.this.newScanBuilder(options);
            }

            @Override
            public WriteBuilder newWriteBuilder(LogicalWriteInfo write) {
                return new WriteBuilder() {
                    @Override
                    public MemoryWrite build() {
                        return new MemoryWrite(MemoryTable.this, write.schema(), true);
                    }
                };
            }
        };
    }
}
