"""What bills say of homes: what planning with each rule earns, and which tariff suits."""
