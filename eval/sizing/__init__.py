"""What a battery, and more panels, would earn a home: answered before anything is bought."""
