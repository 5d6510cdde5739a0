//! What a Commerce document shall become in Visma: a pure function of the change and the mapping file.
