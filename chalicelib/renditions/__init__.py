"""Renditions: pictures and waveforms made of content, for eyes that cannot or need not have the original."""
