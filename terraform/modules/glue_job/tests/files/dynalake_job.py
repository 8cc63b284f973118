# In place of spark/dynalake_job.py: nothing is run here.
