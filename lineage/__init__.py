"""An open lineage platform for a partner network, on Neo4j."""
