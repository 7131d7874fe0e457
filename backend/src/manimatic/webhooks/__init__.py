"""Telling webhooks: `guard` says which addresses may be asked, `post` asks one, `sender` sends what is due."""
