DOMAINS = {}
HOSTS = {}
