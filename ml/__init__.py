"""The science of exfb: pose sequences, the two-branch network, its training and its use. No Django here."""
