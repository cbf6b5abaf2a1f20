"""Published trials predicted from their tables, beside what simple rules predict."""
