"""Settings: the database is where ``DATABASE_URL`` says."""
import dj_database_url

SECRET_KEY = 'only for tests'
ALLOWED_HOSTS = ['*']
INSTALLED_APPS = ['bank']
ROOT_URLCONF = 'bank.urls'
DATABASES = {'default': dj_database_url.config()}
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
