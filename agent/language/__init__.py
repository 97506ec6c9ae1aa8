"""Understanding and wording: notes and questions read, answers written, in English and Spanish."""
