"""A general multi-type branching engine: genotypes as they arise, two phenotypes, several lesions, phases of treatment."""
