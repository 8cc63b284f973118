package dynalake.connector;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;
import org.apache.spark.sql.catalyst.analysis.TableAlreadyExistsException;
import org.apache.spark.sql.connector.catalog.CatalogV2Util$;
import org.apache.spark.sql.connector.catalog.Identifier;
import org.apache.spark.sql.connector.catalog.NamespaceChange;
import org.apache.spark.sql.connector.catalog.SupportsNamespaces;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCatalog;
import org.apache.spark.sql.connector.catalog.TableChange;
import org.apache.spark.sql.connector.catalog.TableInfo;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;
import scala.Option;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Tables in the memory of this Java process, for the tests only: what Delta is to the pipeline on Databricks.
 *
 * <p>Spark itself has no table format that takes MERGE, and the jars of Delta come from no Python package. The tables
 * are the process', so they outlive the sessions and the pipeline's updates.
 */
public final class MemoryCatalog implements TableCatalog, SupportsNamespaces {
    private static final Map<String, MemoryTable> TABLES = new ConcurrentHashMap<>();
    private static final Set<List<String>> NAMESPACES = ConcurrentHashMap.newKeySet();

    private String name;
    private int chunksPerBatch;

    /** Takes the option chunks_per_batch: how many chunks a micro-batch reads from a table. */
    @Override
    public void initialize(String name, CaseInsensitiveStringMap options) {
        this.name = name;
        this.chunksPerBatch = options.getInt("chunks_per_batch", Integer.MAX_VALUE);
    }

    @Override
    public String name() {
        return name;
    }

    private String key(Identifier table) {
        return name + "." + table;
    }

    private MemoryTable find(Identifier table) throws NoSuchTableException {
        MemoryTable found = TABLES.get(key(table));
        if (found == null) {
            throw new NoSuchTableException(table);
        }
        return found;
    }

    @Override
    public Identifier[] listTables(String[] namespace) {
        return TABLES.values().stream()
                .map(table -> table.identifier)
                .filter(table -> Arrays.equals(table.namespace(), namespace))
                .toArray(Identifier[]::new);
    }

    @Override
    public Table loadTable(Identifier table) throws NoSuchTableException {
        return find(table);
    }

    @Override
    public Table createTable(Identifier table, TableInfo info) throws TableAlreadyExistsException {
        Map<String, String> properties = new HashMap<>(info.properties());
        MemoryTable made = new MemoryTable(table, info.schema(), info.partitions(), properties, chunksPerBatch);
        if (TABLES.putIfAbsent(key(table), made) != null) {
            throw new TableAlreadyExistsException(table);
        }
        NAMESPACES.add(List.of(table.namespace()));
        return made;
    }

    @Override
    public Table alterTable(Identifier table, TableChange... changes) throws NoSuchTableException {
        MemoryTable found = find(table);
        CatalogV2Util$ util = CatalogV2Util$.MODULE$;
        var all = CollectionConverters.asScala(Arrays.asList(changes)).toSeq();
        StructType schema = util.applySchemaChanges(found.schema(), all, Option.empty(), "ALTER TABLE");
        found.alter(schema, util.applyPropertiesChanges(found.properties(), all));
        return found;
    }

    @Override
    public boolean dropTable(Identifier table) {
        return TABLES.remove(key(table)) != null;
    }

    @Override
    public void renameTable(Identifier from, Identifier to) {
        throw new UnsupportedOperationException("renameTable");
    }

    @Override
    public String[][] listNamespaces() {
        return NAMESPACES.stream().map(each -> each.toArray(String[]::new)).toArray(String[][]::new);
    }

    @Override
    public String[][] listNamespaces(String[] namespace) {
        return namespace.length == 0 ? listNamespaces() : new String[0][];
    }

    @Override
    public boolean namespaceExists(String[] namespace) {
        return NAMESPACES.contains(List.of(namespace));
    }

    @Override
    public Map<String, String> loadNamespaceMetadata(String[] namespace) {
        return Map.of();
    }

    @Override
    public void createNamespace(String[] namespace, Map<String, String> metadata) {
        NAMESPACES.add(List.of(namespace));
    }

    @Override
    public void alterNamespace(String[] namespace, NamespaceChange... changes) {
        throw new UnsupportedOperationException("alterNamespace");
    }

    @Override
    public boolean dropNamespace(String[] namespace, boolean cascade) {
        return NAMESPACES.remove(List.of(namespace));
    }
}
